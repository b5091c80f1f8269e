"""Services of daily life, health, money, cars, lodging."""

from zimfo_server.atlas.places.vocabulary.kind import GENERIC, Kind

SERVICES = (
    Kind(
        "pharmacy",
        also="chemist drugstore drug_store apothecary",
        subtypes="pharmacy drugstore chemist",
        names=(
            "pharmacy farmacia pharmacie farmàcia apotheke *apteekki apotek chemist spizerija parafarmacia "
            "walgreens cvs"
        ),
        unless="building",
    ),
    Kind(
        "hospital",
        also="er emergency_room emergency a&e medical_center medical_centre emergency_department",
        subtypes="hospital emergency_room medical_center *_hospital",
        names=(
            "hospital ospedale hôpital hospital sptar krankenhaus klinikum sairaala policlinico medical_center "
            "centre_hospitalier"
        ),
        among="amenity poi none",
        unless=(
            "clinic clinica clinique cliniques health_centre veterinary veterinaria animal parking polyclinic "
            "farmacy pharmacy"
        ),
    ),
    Kind(
        "clinic",
        also=(
            "urgent_care urgent_care_clinic doctor medical_clinic health_center health_centre physician "
            "doctors_office walk_in_clinic polyclinic"
        ),
        subtypes=(
            "clinic doctors doctor urgent_care_clinic medical_center family_practice health_and_medical *_clinic"
        ),
        names=(
            "clinic clinica clinique klinik polyclinic poliambulatorio ambulatorio health_centre health_center "
            "medical_centre medical terveysasema *lääkäriasema urgent_care"
        ),
        among="hospital amenity poi none",
        unless="veterinary vétérinaire veterinario veterinaria animal vet dental dentist",
    ),
    Kind(
        "dentist",
        also="dental_clinic dental dentist_office",
        subtypes="dentist *_dentist dental_clinic dental_*",
        names="dentist dental dentista dentiste zahnarzt *hammaslääkäri dentistry",
        among=f"hospital {GENERIC}",
    ),
    Kind(
        "veterinarian",
        also="vet veterinary veterinary_clinic animal_hospital",
        subtypes="veterinary veterinarian animal_hospital",
        names="veterinary veterinario vétérinaire veterinaria animal_hospital vet *eläinlääkäri tierarzt",
        among=f"hospital {GENERIC}",
    ),
    Kind(
        "bank",
        also="bank_branch",
        subtypes="bank bank_credit_union banks",
        names=(
            "bank banca banco banque bank_of cassa_di_risparmio *pankki ubs bnp credit_suisse nordea intesa "
            "crédit caixa creand sparkasse chase hsbc aps"
        ),
        among="amenity office poi none",
        unless="food parking blood atm bankomat cash bar restaurant ristorante ravintola restaurante",
    ),
    Kind(
        "atm",
        also="cash_machine cash_point cashpoint",
        subtypes="atm atms",
        names="atm cash_point bancomat otto bankomat",
        unless="deposito officine",
    ),
    Kind(
        "currency_exchange",
        also="bureau_de_change money_exchange",
        subtypes="bureau_de_change currency_exchange",
        names="exchange forex",
    ),
    Kind(
        "post_office",
        also="post mail",
        subtypes="post post_office",
        names="post_office poste correos posta",
        among="amenity office poi none",
    ),
    Kind(
        "police",
        also="police_station",
        subtypes="police police_department",
        names="police polizia carabinieri policia pulizija poliisi",
    ),
    Kind(
        "fire_station",
        also="fire_department",
        subtypes="fire_station fire_department",
        names="fire_station vigili_del_fuoco pompiers",
    ),
    Kind(
        "town_hall",
        also="city_hall townhall municipality government_office",
        subtypes="town_hall townhall city_hall",
        names="town_hall city_hall municipio mairie rathaus ayuntamiento *kaupungintalo comune kunsill comú",
        among="amenity office poi none",
    ),
    Kind(
        "embassy",
        also="consulate",
        subtypes="embassy diplomatic",
        names="embassy consulate ambasciata *suurlähetystö lähetystö ambassade",
    ),
    Kind(
        "gas_station",
        also="gas petrol petrol_station fuel fuel_station filling_station service_station",
        subtypes="fuel gas_station petrol_station truck_gas_station",
        names=(
            "gas_station petrol petrol_station agip esso q8 shell total totalenergies bp chevron exxon mobil "
            "texaco repsol elf eni tamoil fuel neste abc st1 teboil 76 carburant"
        ),
        among="amenity shop car poi none",
        unless="parking",
    ),
    Kind(
        "charging_station",
        also=(
            "ev_charging_station ev_charging ev_charger electric_vehicle_charging_station electric_car_charging "
            "charger ev_station car_charger"
        ),
        subtypes="charging_station ev_charging_station",
        names="charging charger supercharger ionity colonnina ricarica recharge",
        among="amenity car fuel poi none",
    ),
    Kind(
        "parking",
        also="car_park parking_lot parking_garage parking_space parking_area place_to_park",
        subtypes="parking parking_lot parking_garage car_park",
        names=(
            "parking parcheggio car_park carpark parcheggi autosilo autosilos *parkki q-park aparcament "
            "aparcamiento parkhaus parkplatz parkimetro"
        ),
        among="amenity poi none",
        unless="bicycle bike busses buses",
    ),
    Kind(
        "bicycle_parking",
        also="bike_parking bike_rack",
        subtypes="bicycle_parking",
        names="bicycle_rack bike_rack",
        among="amenity",
    ),
    Kind(
        "bike_share",
        also="bicycle_rental bike_sharing_station",
        subtypes="bicycle_rental",
        names="*pyöräasema bikemi bike_sharing",
        among="amenity",
    ),
    Kind(
        "car_repair",
        also="auto_repair mechanic garage auto_shop car_workshop",
        subtypes="car_repair automotive_repair auto_repair auto_body_shop tire_shop car",
        names="garage repair autofficina carrozzeria autokorjaamo taller mechanic",
        among="car shop",
    ),
    Kind(
        "car_dealer",
        also="car_dealership",
        subtypes="car_dealer auto_dealer used_car_dealer car",
    ),
    Kind(
        "car_rental",
        also="rental_car rent_a_car",
        subtypes="car_rental car_rental_agency",
        names="rent_a_car car_rental hertz avis sixt europcar",
    ),
    Kind(
        "car_wash",
        subtypes="car_wash",
        names="car_wash carwash autolavaggio",
    ),
    Kind(
        "laundry",
        also="laundromat dry_cleaner launderette dry_cleaning",
        subtypes="laundry laundromat dry_cleaning",
        names="laundry lavanderia laverie pesula",
    ),
    Kind(
        "hair_salon",
        also="hairdresser haircut salon hair_stylist barber barber_shop barbershop",
        subtypes="hairdresser hair_salon barber beauty_salon",
        names=(
            "hair hairdresser barber parrucchiere coiffure coiffeur peluqueria perruqueria friseur parturi "
            "*kampaamo *parturi hairways acconciature"
        ),
        among="shop amenity poi none",
    ),
    Kind(
        "nail_salon",
        also="manicure nail_studio nail_bar",
        subtypes="nail_salon beauty nail",
        names="nail nails unghie kynsi *kynsistudio manicure",
        among="shop amenity poi none hairdresser",
    ),
    Kind(
        "beauty_salon",
        also="spa beauty beauty_parlor massage wellness",
        subtypes="beauty beauty_salon spas spa massage day_spa",
        names=("beauty spa estetica wellness massage massages benessere institut_de_beauté kauneushoitola thermes"),
        among="shop leisure amenity poi none",
    ),
    Kind(
        "tattoo",
        also="tattoo_parlor tattoo_parlour tattoo_shop tattoo_studio piercing",
        subtypes="tattoo tattoo_and_piercing",
        names="tattoo tattoos tatuaggi tatouage tatuointi tattooing ink",
        among="shop amenity poi none",
    ),
    Kind(
        "coworking",
        also="coworking_space shared_office co_working_space",
        subtypes="coworking coworking_space",
        names="coworking",
    ),
    Kind(
        "office",
        also="company",
        subtypes="office professional_services corporate_office",
        names="office uffici bureau",
    ),
    Kind(
        "toilet",
        also="restroom public_toilet bathroom wc washroom",
        subtypes="toilets public_toilet",
        names="wc toilet toilets servizi_igienici",
    ),
    Kind(
        "drinking_water",
        also="water_fountain",
        subtypes="drinking_water",
        names="water_point",
    ),
    Kind(
        "hotel",
        also="lodging accommodation place_to_stay motel inn resort guest_house guesthouse somewhere_to_stay",
        subtypes=("lodging hotel motel inn resort guest_house *_hotel accommodation hostel bed_and_breakfast chalet"),
        names="hotel motel inn albergo hôtel hotelli hostal resort guesthouse pensione",
        among="tourism poi none",
        unless="swimming pool garden parking",
    ),
    Kind(
        "hostel",
        also="backpacker youth_hostel",
        subtypes="hostel youth_hostel",
        names="hostel ostello alberg auberge_de_jeunesse jugendherberge albergue *hostelli",
        among=f"lodging hotel {GENERIC}",
    ),
    Kind(
        "bed_and_breakfast",
        also="b&b bnb bed_breakfast",
        subtypes="bed_and_breakfast",
        names="b&b bnb bed_and_breakfast bed_breakfast",
        among=f"lodging hotel guest_house {GENERIC}",
    ),
    Kind(
        "campsite",
        also="campground camping camp_site rv_park",
        subtypes="campsite campground camp_site caravan_site rv_park",
        names="camping campeggio",
    ),
)
